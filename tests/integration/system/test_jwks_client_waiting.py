"""The JWKS client's waiting: one request for all threads and coroutines, and none is held up."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from ledger.errors import UnavailableError
from ledger.jose import sign, verify_multi_all_async
from ledger.system.jwks_client import AsyncJwksClient, JwksClient
from tests.support.jwks_publisher import OLD, Publisher, served, verifies


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


@pytest.fixture
def client(publisher: Publisher) -> Iterator[JwksClient]:
    with served(publisher) as client:
        yield client


def test_many_threads_make_one_request(publisher: Publisher, client: JwksClient) -> None:
    publisher.may_answer.clear()
    found: list[bool] = []
    threads = [
        threading.Thread(target=lambda: found.append(verifies(client, OLD))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    assert publisher.asked.wait(10)
    publisher.may_answer.set()
    for thread in threads:
        thread.join()
    assert found == [True] * 16
    assert publisher.requests == 1


def test_while_one_thread_fetches_others_go_on_with_the_old_keys(
    publisher: Publisher, client: JwksClient
) -> None:
    assert verifies(client, OLD)
    publisher.now_s += 301
    publisher.asked.clear()
    publisher.may_answer.clear()
    fetching = threading.Thread(target=client.keys)
    fetching.start()
    assert publisher.asked.wait(10)
    assert verifies(client, OLD)
    assert fetching.is_alive()
    publisher.may_answer.set()
    fetching.join()


def test_a_closed_client_cuts_its_request_off(publisher: Publisher) -> None:
    with served(publisher) as client:
        publisher.may_answer.clear()
        errors: list[str] = []

        def ask() -> None:
            try:
                client.keys()
            except UnavailableError as error:
                errors.append(error.code)

        asking = threading.Thread(target=ask)
        asking.start()
        assert publisher.asked.wait(10)
        client.close()
        asking.join(5)
        assert errors == ["jwks_unavailable"]
        publisher.may_answer.set()


def test_coroutines_make_one_request_and_block_nobody(
    publisher: Publisher, client: JwksClient
) -> None:
    jws = sign(b"x", OLD)

    async def story() -> None:
        known = AsyncJwksClient(client)
        publisher.may_answer.clear()
        tasks = [
            asyncio.create_task(verify_multi_all_async(jws, known.lookup, now=None))
            for _ in range(50)
        ]
        began_s = time.monotonic()
        await asyncio.sleep(0.05)
        assert time.monotonic() - began_s < 5
        assert threading.active_count() < 30
        publisher.may_answer.set()
        for found in await asyncio.gather(*tasks):
            assert len(found.verified) == 1
        assert [key.thumbprint for key in (await known.keys()).keys] == [OLD.kid]
        publisher.now_s += 301
        publisher.asked.clear()
        publisher.may_answer.clear()
        fetching = asyncio.create_task(known.keys())
        while not publisher.asked.is_set():  # noqa: ASYNC110  # another thread's event
            await asyncio.sleep(0.005)
        assert len((await verify_multi_all_async(jws, known.lookup, now=None)).verified) == 1
        assert not fetching.done()
        publisher.may_answer.set()
        await fetching

    asyncio.run(story())
    assert publisher.requests == 2
