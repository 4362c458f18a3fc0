using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Text;
using BranchXR.Json;

namespace BranchXR.Panels
{
    /// <summary>Exactly what is signed, read from its canonical bytes; as <c>branchxr.protocol.intent</c>.</summary>
    public sealed class Intent
    {
        private const string Typ = "branchxr.intent/1";
        private const string Domain = "branchxr/sca/v1\0";
        private const int MaxBytes = 4096;
        private const int MaxTextCharacters = 140;
        private const int LifetimeS = 120;

        private static readonly string[] Names =
        {
            "amount", "creditor", "currency", "debtor", "exp", "iat", "id", "nonce", "op", "reference", "rp",
            "sid", "typ", "user",
        };

        private readonly byte[] canonical;

        /// <summary>The payment's id.</summary>
        public string Id { get; private set; }

        /// <summary>The WebAuthn relying party id.</summary>
        public string RelyingParty { get; private set; }

        /// <summary>Who pays: the account.</summary>
        public string Debtor { get; private set; }

        /// <summary>Who gets the money: the account.</summary>
        public string CreditorAccount { get; private set; }

        /// <summary>Who gets the money: the holder's name.</summary>
        public string CreditorName { get; private set; }

        /// <summary>A decimal string with exactly the currency's decimals.</summary>
        public string Amount { get; private set; }

        /// <summary>ISO 4217.</summary>
        public string Currency { get; private set; }

        /// <summary>What it is for; may be empty.</summary>
        public string Reference { get; private set; }

        private Intent(byte[] canonical) { this.canonical = canonical; }

        /// <summary>Read an intent strictly.</summary>
        /// <exception cref="BranchError">
        /// <c>intent_malformed</c> (a field missing, unknown or of the wrong type), <c>json_malformed</c>,
        /// <c>json_duplicate_key</c>, <c>intent_not_canonical</c>, <c>intent_text_refused</c>,
        /// <c>intent_amount_refused</c> or <c>intent_lifetime_refused</c>.
        /// </exception>
        public static Intent Read(byte[] canonical)
        {
            if (canonical == null) throw new ArgumentNullException("canonical");
            if (canonical.Length > MaxBytes) throw Refused("intent_malformed", "too many bytes");
            Dictionary<string, object> fields = Members(JsonReader.Read(canonical), Names);
            Dictionary<string, object> creditor = Members(fields["creditor"], new[] { "account", "name" });
            // A copy: whoever handed the bytes over may write to them again, and these are hashed.
            var intent = new Intent((byte[])canonical.Clone())
            {
                Id = Text(fields, "id"),
                RelyingParty = Text(fields, "rp"),
                Debtor = Text(fields, "debtor"),
                CreditorAccount = Text(creditor, "account"),
                CreditorName = Text(creditor, "name"),
                Amount = Text(fields, "amount"),
                Currency = Text(fields, "currency"),
                Reference = Text(fields, "reference"),
            };
            intent.Check(fields);
            if (!Same(Encoding.UTF8.GetBytes(Canonical(fields, Names)), canonical))
            {
                throw Refused("intent_not_canonical", "the same intent in another spelling");
            }
            return intent;
        }

        /// <summary>Hash the bytes that were read: 32 bytes, new ones with each call.</summary>
        public byte[] Challenge() { return ChallengeOf(canonical); }

        /// <summary>SHA-256 over the domain and the canonical bytes.</summary>
        public static byte[] ChallengeOf(byte[] canonical)
        {
            byte[] domain = Encoding.ASCII.GetBytes(Domain);
            var bytes = new byte[domain.Length + canonical.Length];
            domain.CopyTo(bytes, 0);
            canonical.CopyTo(bytes, domain.Length);
            // Not SHA256.Create(): it finds its class by name, which IL2CPP's stripping may have removed.
            using (var sha = new SHA256Managed()) return sha.ComputeHash(bytes);
        }

        private void Check(Dictionary<string, object> fields)
        {
            string nonce = Text(fields, "nonce");
            long issued = Whole(fields, "iat");
            long expires = Whole(fields, "exp");
            if (Text(fields, "typ") != Typ || Text(fields, "op") != "payment")
            {
                throw Refused("intent_malformed", "another type of intent");
            }
            string[] identifiers =
            {
                Id, RelyingParty, Text(fields, "user"), Text(fields, "sid"), Debtor, CreditorAccount,
            };
            foreach (string identifier in identifiers)
            {
                if (!IsIdentifier(identifier)) throw Refused("intent_malformed", "a field that is no identifier");
            }
            if (CreditorName.Trim().Length == 0) throw Refused("intent_text_refused", "a payee without a name");
            if (DisplayText.IsDeceptive(CreditorName, MaxTextCharacters)
                || DisplayText.IsDeceptive(Reference, MaxTextCharacters))
            {
                throw Refused("intent_text_refused", "text that could be mistaken for another");
            }
            if (!Currencies.IsPayable(Amount, Currency)) throw Refused("intent_amount_refused", "another amount");
            if (!IsNonce(nonce)) throw Refused("intent_malformed", "a nonce that is not 32 bytes of base64url");
            if (issued < 0 || expires != issued + LifetimeS)
            {
                throw Refused("intent_lifetime_refused", "another lifetime");
            }
        }

        private static Dictionary<string, object> Members(object value, string[] names)
        {
            var members = value as Dictionary<string, object>;
            bool isRight = members != null && members.Count == names.Length
                && Array.TrueForAll(names, members.ContainsKey);
            if (!isRight) throw Refused("intent_malformed", "a field too many or too few");
            return members;
        }

        private static string Text(Dictionary<string, object> fields, string name)
        {
            var text = fields[name] as string;
            if (text == null) throw Refused("intent_malformed", "a " + name + " that is no text");
            return text;
        }

        private static long Whole(Dictionary<string, object> fields, string name)
        {
            if (!(fields[name] is long)) throw Refused("intent_malformed", "a " + name + " that is no whole number");
            return (long)fields[name];
        }

        private static bool IsIdentifier(string text)
        {
            if (text.Length < 1 || text.Length > 64) return false;
            foreach (char one in text)
            {
                if (!IsBase64Url(one) && one != '.' && one != ':') return false;
            }
            return true;
        }

        // 32 bytes are 43 characters, of which the last carries four bits: RFC 4648 section 3.5.
        private static bool IsNonce(string text)
        {
            return text.Length == 43 && Array.TrueForAll(text.ToCharArray(), IsBase64Url)
                && "AEIMQUYcgkosw048".IndexOf(text[42]) >= 0;
        }

        private static bool IsBase64Url(char one)
        {
            return (one >= 'A' && one <= 'Z') || (one >= 'a' && one <= 'z') || (one >= '0' && one <= '9')
                || one == '-' || one == '_';
        }

        // RFC 8785 for what an intent holds: objects whose names are given sorted, strings, whole numbers.
        private static string Canonical(Dictionary<string, object> fields, string[] names)
        {
            var text = new StringBuilder("{");
            foreach (string name in names)
            {
                if (text.Length > 1) text.Append(',');
                Quote(name, text);
                text.Append(':');
                var creditor = fields[name] as Dictionary<string, object>;
                var value = fields[name] as string;
                if (creditor != null) text.Append(Canonical(creditor, new[] { "account", "name" }));
                else if (value != null) Quote(value, text);
                else text.Append(((long)fields[name]).ToString(System.Globalization.CultureInfo.InvariantCulture));
            }
            return text.Append('}').ToString();
        }

        // RFC 8785 section 3.2.2.2. No control character stands in an intent that got this far.
        private static void Quote(string value, StringBuilder text)
        {
            text.Append('"');
            foreach (char one in value)
            {
                if (one == '"' || one == '\\') text.Append('\\');
                text.Append(one);
            }
            text.Append('"');
        }

        private static bool Same(byte[] a, byte[] b)
        {
            if (a.Length != b.Length) return false;
            for (int at = 0; at < a.Length; at++)
            {
                if (a[at] != b[at]) return false;
            }
            return true;
        }

        private static BranchError Refused(string code, string came)
        {
            return new BranchError(code, "expected an intent as docs/http.md says, got " + came, "Intent.Read",
                "do not sign it; tell whoever runs the branch");
        }
    }
}
