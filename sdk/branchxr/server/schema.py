"""The branch's tables, and the triggers that keep the books true whatever the code does."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

METADATA: Final = MetaData()

USERS: Final = Table(
    "users", METADATA,
    Column("id", Text, primary_key=True),  # also the WebAuthn user handle, as ASCII
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)  # fmt: skip

CREDENTIALS: Final = Table(
    "credentials", METADATA,
    Column("id", LargeBinary, primary_key=True),
    Column("user", Text, ForeignKey("users.id"), nullable=False),
    Column("data", LargeBinary, nullable=False),  # attested credential data, WebAuthn 6.5.1
    Column("assurance", Text, nullable=False),
    Column("is_backup_eligible", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    CheckConstraint("state IN ('active', 'suspended', 'revoked')"),
)  # fmt: skip

COUNTER_USES: Final = Table(
    # Each signature counter a credential ever used, once; `serial` orders them in time, so that
    # a challenge need only remember the newest serial at its issue (`floor_serial`).
    "counter_uses", METADATA,
    Column("serial", Integer, primary_key=True, autoincrement=True),
    Column("credential", LargeBinary, ForeignKey("credentials.id"), nullable=False),
    Column("counter", BigInteger, nullable=False),
    UniqueConstraint("credential", "counter"),
    sqlite_autoincrement=True,
)  # fmt: skip

CEREMONIES: Final = Table(
    "ceremonies", METADATA,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("sid", Text, nullable=False),
    Column("challenge", LargeBinary, nullable=False),
    Column("floor_serial", Integer, nullable=False),
    Column("user", Text),
    Column("name", Text),
    Column("expires_at", BigInteger, nullable=False),
)  # fmt: skip

SESSIONS: Final = Table(
    "sessions", METADATA,
    Column("id", Text, primary_key=True),
    Column("sid", Text, nullable=False),  # thumbprint of the DPoP key
    Column("participant", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("address", Text, nullable=False),  # "" is the host's own: no cap
    Column("user", Text, ForeignKey("users.id")),
    Column("assurance", Text),
    Column("expires_at", BigInteger, nullable=False),
)  # fmt: skip

TOKENS: Final = Table(
    # SHA-256 of each token: what is at rest here opens nothing.
    "tokens", METADATA,
    Column("hash", LargeBinary, primary_key=True),
    Column("session", Text, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("is_used", Integer, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    CheckConstraint("kind IN ('access', 'refresh')"),
    Index("tokens_of_session", "session"),
)  # fmt: skip

ACCOUNTS: Final = Table(
    "accounts", METADATA,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("may_overdraw", Integer, nullable=False),
    Column("balance_minor", BigInteger, nullable=False, default=0),
    Column("held_minor", BigInteger, nullable=False, default=0),
    CheckConstraint("may_overdraw = 1 OR balance_minor - held_minor >= 0", name="covered"),
    CheckConstraint("held_minor >= 0", name="held"),
    Index("accounts_of_owner", "owner"),
)  # fmt: skip

TRANSFERS: Final = Table(
    # `posted` moves money at once; `pending` holds it until one `post` or `void` resolves it.
    "transfers", METADATA,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("debit", Text, ForeignKey("accounts.id"), nullable=False),
    Column("credit", Text, ForeignKey("accounts.id"), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("resolves", Text, ForeignKey("transfers.id"), unique=True),
    Column("posted_at", BigInteger, nullable=False),
    Column("serial", Integer, nullable=False, unique=True),
    CheckConstraint("kind IN ('posted', 'pending', 'post', 'void')"),
    CheckConstraint("amount_minor > 0"),
    CheckConstraint("debit <> credit", name="two_accounts"),
    CheckConstraint("(kind IN ('post', 'void')) = (resolves IS NOT NULL)"),
    Index("transfers_of_debit", "debit", "serial"),
    Index("transfers_of_credit", "credit", "serial"),
)  # fmt: skip

PAYMENTS: Final = Table(
    "payments", METADATA,
    Column("id", Text, primary_key=True),
    Column("user", Text, ForeignKey("users.id"), nullable=False),
    Column("sid", Text, nullable=False),
    Column("intent", LargeBinary, nullable=False),  # the canonical bytes, as signed
    Column("floor_serial", Integer, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("code", Text),
    Column("response_digest", LargeBinary),  # of the assertion that decided it
    Column("failed_attempts", Integer, nullable=False, default=0),
    Column("transfer", Text, ForeignKey("transfers.id"), unique=True),
    CheckConstraint("state IN ('pending', 'posted', 'rejected', 'cancelled', 'expired')"),
    CheckConstraint("(state = 'posted') = (transfer IS NOT NULL)"),
)  # fmt: skip

IDEMPOTENCY_KEYS: Final = Table(
    # Kept for ever: a retry after a month must not pay twice.
    "idempotency_keys", METADATA,
    Column("user", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("payment", Text, nullable=False),
)  # fmt: skip

SCENES_SEEN: Final = Table(
    "scenes_seen", METADATA,
    Column("signer", Text, primary_key=True),
    Column("scene", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
)  # fmt: skip

SQLITE_TRIGGERS: Final = (
    """CREATE TRIGGER IF NOT EXISTS transfers_are_immutable BEFORE UPDATE ON transfers
    BEGIN SELECT RAISE(ABORT, 'transfers are immutable'); END""",
    """CREATE TRIGGER IF NOT EXISTS transfers_are_kept BEFORE DELETE ON transfers
    BEGIN SELECT RAISE(ABORT, 'transfers are immutable'); END""",
    """CREATE TRIGGER IF NOT EXISTS accounts_are_kept BEFORE DELETE ON accounts
    BEGIN SELECT RAISE(ABORT, 'accounts are kept'); END""",
    """CREATE TRIGGER IF NOT EXISTS accounts_start_empty BEFORE INSERT ON accounts
    WHEN NEW.balance_minor <> 0 OR NEW.held_minor <> 0
    BEGIN SELECT RAISE(ABORT, 'accounts start empty'); END""",
    """CREATE TRIGGER IF NOT EXISTS accounts_stay_what_they_are
    BEFORE UPDATE OF id, owner, currency, may_overdraw ON accounts
    BEGIN SELECT RAISE(ABORT, 'accounts stay what they are'); END""",
    """CREATE TRIGGER IF NOT EXISTS payments_end_once BEFORE UPDATE ON payments
    WHEN OLD.state <> 'pending' OR NEW.intent <> OLD.intent OR NEW.user <> OLD.user
    BEGIN SELECT RAISE(ABORT, 'a payment ends once'); END""",
    """CREATE TRIGGER IF NOT EXISTS counters_are_kept BEFORE DELETE ON counter_uses
    BEGIN SELECT RAISE(ABORT, 'counters are kept'); END""",
    """CREATE TRIGGER IF NOT EXISTS transfers_have_one_currency BEFORE INSERT ON transfers
    WHEN (SELECT count(*) FROM accounts
          WHERE id IN (NEW.debit, NEW.credit) AND currency = NEW.currency) <> 2
    BEGIN SELECT RAISE(ABORT, 'currency mismatch'); END""",
    """CREATE TRIGGER IF NOT EXISTS transfers_resolve_their_like BEFORE INSERT ON transfers
    WHEN NEW.resolves IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM transfers AS held WHERE held.id = NEW.resolves AND held.kind = 'pending'
        AND held.debit = NEW.debit AND held.credit = NEW.credit
        AND held.currency = NEW.currency AND NEW.amount_minor <= held.amount_minor)
    BEGIN SELECT RAISE(ABORT, 'resolves nothing like it'); END""",
    """CREATE TRIGGER IF NOT EXISTS transfers_release AFTER INSERT ON transfers
    WHEN NEW.kind = 'void' BEGIN
        UPDATE accounts SET held_minor = held_minor - (
            SELECT amount_minor FROM transfers WHERE id = NEW.resolves) WHERE id = NEW.debit;
    END""",
    """CREATE TRIGGER IF NOT EXISTS transfers_hold AFTER INSERT ON transfers
    WHEN NEW.kind = 'pending' BEGIN
        UPDATE accounts SET held_minor = held_minor + NEW.amount_minor WHERE id = NEW.debit;
    END""",
    """CREATE TRIGGER IF NOT EXISTS transfers_move AFTER INSERT ON transfers
    WHEN NEW.kind = 'posted' BEGIN
        UPDATE accounts SET balance_minor = balance_minor - NEW.amount_minor WHERE id = NEW.debit;
        UPDATE accounts SET balance_minor = balance_minor + NEW.amount_minor WHERE id = NEW.credit;
    END""",
    """CREATE TRIGGER IF NOT EXISTS transfers_move_held AFTER INSERT ON transfers
    WHEN NEW.kind = 'post' BEGIN
        UPDATE accounts SET held_minor = held_minor - (
                SELECT amount_minor FROM transfers WHERE id = NEW.resolves),
            balance_minor = balance_minor - NEW.amount_minor WHERE id = NEW.debit;
        UPDATE accounts SET balance_minor = balance_minor + NEW.amount_minor WHERE id = NEW.credit;
    END""",
)
