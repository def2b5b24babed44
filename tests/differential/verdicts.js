// What the modules of the offline verifier say of each input, kind by kind; kinds.py says the same of
// Python. A verdict is a code, or "ok" and what was read. Runs in a page and in Node.js.

const bytes = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
const text = (base64) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes(base64));
const hexOf = (raw) => Array.from(raw, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Return a value in the one form that kinds.py gives it too. */
function shown(value) {
  if (value === null) return "null";
  if (value === undefined) return "float";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return Number.isFinite(value) ? String(BigInt(value)) : "huge";
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Uint8Array) return `h${hexOf(value)}`;
  if (Array.isArray(value)) return `[${value.map(shown).join()}]`;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const pairs = entries.map(([name, member]) => [String(name), member]);
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([name, member]) => `${JSON.stringify(name)}:${shown(member)}`).join()}}`;
}

/** Return an object without these members where it has null and Python has none. */
const present = (object, names) =>
  Object.fromEntries(Object.entries(object).filter(([n, each]) => each !== null || !names.includes(n)));

const policyOf = ({ policy }) => present(policy, ["threshold", "of", "steps"]);

const NAMES = {
  encoding: "encoding",
  shapes: "shapes",
  documents: "domain/document",
  drafting: "domain/drafting",
  values: "domain/charter_values",
  approval: "domain/approval",
  acts: "domain/acts",
  events: "domain/events",
  entries: "domain/entry",
  compact: "jose/compact",
  keys: "jose/keys",
  checkpoint: "tlog/checkpoint",
  tiles: "tlog/tiles",
  vkeys: "tlog/vkeys",
  container: "verify/container",
  packs: "verify/body_packs",
  bundle: "verify/bundle",
};

const breathe = async () => {};

const KINDS = {
  json: ({ encoding }, { raw }) => encoding.parseJson(bytes(raw), { exact: true }),
  "json, any number": ({ encoding }, { raw }) => encoding.parseJson(bytes(raw)),
  document: ({ documents }, { raw }) => {
    const { policy, supersedes, ...rest } = documents.parseDocument(bytes(raw));
    const older = supersedes && { ...supersedes, policy: policyOf(supersedes) };
    return { ...rest, policy: policyOf({ policy }), supersedes: older };
  },
  jwk: async ({ keys, shapes, encoding }, { raw }) => {
    const jwk = shapes.read(keys.publicJwk, encoding.parseJson(bytes(raw)), "jwk_invalid");
    await keys.importJwk(jwk);
    keys.requirePrimeOrder(jwk);
    return keys.thumbprint(jwk);
  },
  compact: async ({ compact }, { jws, jwk }) => {
    const parsed = compact.parseCompact(text(jws));
    await compact.verifyCompact(parsed, jwk);
    return [present(parsed.header, ["typ"]), parsed.payload, parsed.signature];
  },
  general: async ({ approval, compact, encoding }, { jwks, compacts }) => {
    const taken = [];
    for (const jws of compacts) {
      try {
        const parsed = approval.parseApproval(text(jws));
        const jwk = jwks[parsed.header.kid];
        if (jwk) await compact.verifyCompact(parsed, jwk);
        encoding.fromBase64Url(parsed.payload);
        taken.push(jwk !== undefined && parsed.header.typ === "JWT"); // which an approval may leave out
      } catch (error) {
        if (error.code === undefined) throw error;
        taken.push(false);
      }
    }
    return taken;
  },
  act: async ({ acts }, { jws, jwk, act, ledger, nowMs }) =>
    acts.verifyAct(acts.parseAct(text(jws)), jwk, act, { ledger, nowMs }),
  approval: async ({ approval }, { jws, jwk, subject, ledger, signer, nowMs }) => {
    const parsed = approval.parseApproval(text(jws));
    const statement = { ...subject, isPlain: true };
    return (await approval.verifyApproval(parsed, jwk, statement, { ledger, signer, nowMs })).form;
  },
  draft: async ({ drafting, events, encoding, values }, { raw, act, person, ledger, nowMs, stored }) => {
    const keys = new Map(Object.entries(person.keys));
    const body = { document: text(raw), act: text(act) };
    const governance = { threshold: 1, of: ["role:administrator"] };
    const charter = {
      ledger,
      governance,
      defined: [],
      closed: [],
      types: new Map(),
      values: values.foundingValues("open"),
      version: 1,
      restorations: [], losses: [],
    };
    const context = { nowMs, statements: new Map(), hasEverybody: true };
    const { again } = await drafting.decideDraft(body, { ...person, keys }, charter, context);
    // The server must store exactly the event that follows from the evidence.
    const salted = new Uint8Array([...new Uint8Array(32), ...bytes(stored)]);
    const event = events.decodeEvent({ type: "statement-drafted.v1" }, 1, salted);
    if (!encoding.same(again, event.body)) return "another event";
    return again;
  },
  event: ({ events }, { raw, type }) => {
    const salted = new Uint8Array([...new Uint8Array(32), ...bytes(raw)]);
    return events.decodeEvent({ type }, 1, salted).body;
  },
  entry: ({ entries }, { raw }) => {
    const { at, sha256, version, stream, type } = entries.parseEntry(bytes(raw));
    return { at, sha256, version, stream, type };
  },
  note: async ({ checkpoint, vkeys }, { raw, vkey, origin }) => {
    const { note } = await checkpoint.verifyNote(bytes(raw), [await vkeys.parseVkey(vkey)], origin);
    return { origin: note.origin, size: note.size, root: note.root };
  },
  proof: ({ checkpoint }, { raw }) => checkpoint.parseProof(bytes(raw)),
  vkey: async ({ vkeys }, { raw }) => {
    const { name, kind, public: key, id } = await vkeys.parseVkey(text(raw));
    return { name, kind, public: key, id };
  },
  "entries of a tile": ({ tiles }, { raw }) => tiles.splitEntries(bytes(raw)),
  "pack of bodies": ({ packs }, { raw }) =>
    packs.readPacks(new Map([["tile/bodies/000.p/3", bytes(raw)]]), 3),
  container: ({ container }, { raw }) => container.parseContainer(bytes(raw)),
  manifest: ({ container }, { raw }) =>
    container.readManifest(new Map([["manifest.json", bytes(raw)]]), breathe),
  bundle: async ({ bundle, vkeys }, { raw, keys, nowMs }) => {
    const expected = await vkeys.parseExpected(keys.join("\n"));
    const report = await bundle.verifyBundle(bytes(raw), { expected, nowMs });
    const { verdict, mode, ledger, size, root } = report;
    const checks = report.checks.map(({ name, outcome, code, position }) => [name, outcome, code, position]);
    const statements = report.statements.map(({ id, title, status, approvers, decisions }) => {
      return { id, title, status, approvers, decisions };
    });
    return { verdict, mode, ledger, size, root, checks, statements };
  },
};

async function said(judge) {
  try {
    return `ok ${shown(await judge())}`;
  } catch (error) {
    return error.code === undefined || error instanceof DOMException ? `fault ${error.stack}` : error.code;
  }
}

/** Return the verdict on each input; `load` imports a module of web/verify by its path. */
export async function verdicts(load, kind, inputs) {
  const modules = {};
  for (const [name, path] of Object.entries(NAMES)) modules[name] = await load(path);
  const found = [];
  for (const input of inputs) found.push(await said(() => KINDS[kind](modules, input)));
  return found;
}
