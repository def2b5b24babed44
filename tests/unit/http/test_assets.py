"""What a page preloads: the modules that it imports, and not those that it asks for later."""

from pathlib import Path

from ledger.http.assets import Assets

ENTRY = """
import { a } from "./imported.js";
import {
  b,
} from "./lib/lines.js";
import "./bare.js";
export { c } from "./exported.js";
export const d = () => import("./later.js");
export async function e() {
  const { f } = await import("./asked.js");
}
const [{ g }] = await Promise.all([
  import("./both.js"),
]);
"""
PRELOADED = ["imported.js", "lib/lines.js", "bare.js", "exported.js", "lib/deep.js"]


def test_a_page_preloads_what_it_imports_and_nothing_that_it_asks_for_later(
    tmp_path: Path,
) -> None:
    static = tmp_path / "static"
    (static / "lib").mkdir(parents=True)
    for name in (*PRELOADED, "later.js", "asked.js", "both.js"):
        (static / name).write_text("")
    (static / "page.js").write_text(ENTRY)
    (static / "lib/lines.js").write_text('import "./deep.js";\n')
    assets = Assets(tmp_path)
    assert sorted(assets.modules("page.js")) == sorted(map(assets.url, PRELOADED))
