// Mirrors ledger.domain.vocabulary: the closed sets of words that events, policies and reports use.

/** How a statement stands. */
export const STATUS = Object.freeze({
  PENDING: "pending",
  APPROVED: "approved",
  REJECTED: "rejected",
  WITHDRAWN: "withdrawn",
  EXPIRED: "expired",
  SUPERSEDED: "superseded",
});

/** What a decision on a statement was. */
export const DECISION = Object.freeze({
  APPROVAL: "approval",
  REJECTION: "rejection",
  RETRACTION: "retraction",
  WITHDRAWAL: "withdrawal",
});

/** The outcome of a use, as its executor reports it. */
export const USE_OUTCOME = Object.freeze({ DONE: "done", NOT_DONE: "not-done", UNKNOWN: "unknown" });

/** The two forms of an approval's payload. */
export const FORM = Object.freeze({ SHARED: "shared", INDIVIDUAL: "individual" });

/** What a policy asks of each decision: a signature, or a passkey's assertion too. */
export const ASSURANCE = Object.freeze({ KEY: "key", PASSKEY: "passkey" });

/** The built-in type of statement that administers the ledger. */
export const CHANGE = "ledger/change";

/** How people join: without an invitation, or with one. */
export const REGISTRATION = Object.freeze({ OPEN: "open", INVITE: "invite" });

/** What a new version or the end of a type does with pending statements of the versions before. */
export const TYPE_PENDING = Object.freeze({ STOP: "stop", CONTINUE: "continue" });

/** Who drafts a new version of a statement of a type: its creator alone, or all who draft the type. */
export const SUPERSEDED_BY = Object.freeze({ CREATOR: "creator", DRAFTERS: "drafters" });

/** Where a signing key's private half lives. */
export const HOME = Object.freeze({
  DEVICE: "device",
  SESSION: "session",
  SYNCED: "synced",
  PROGRAM: "program",
});

/** What a service account may be allowed to sign, besides its own end. */
export const SERVICE_ACTS = Object.freeze(["draft", "outcome", "use"]);

/** Whether a person may act. */
export const STANDING = Object.freeze({
  ACTIVE: "active",
  SUSPENDED: "suspended",
  DEACTIVATED: "deactivated",
});

/** Who reads a statement, besides auditors: everyone who is signed in, or who takes part in it. */
export const READ_BY = Object.freeze({ EVERYONE: "everyone", PARTICIPANTS: "participants" });

/** How a signing key stands. */
export const KEY_STATUS = Object.freeze({ ACTIVE: "active", REVOKED: "revoked" });

/** What `admittedBy` says of somebody whom `ledger recover` invited. */
export const OPERATOR = "operator";
