using System.Collections.Generic;

namespace BranchXR.Panels
{
    /// <summary>A payment that its owner is asked to confirm: what to show, and the two answers.</summary>
    /// <remarks>
    /// A game engine is not a trusted display: above its limit a branch asks for a browser or a phone.
    /// Draw <see cref="Rows"/> and nothing of a script's, without markup, and in front of all panels.
    /// </remarks>
    public sealed class Confirmation
    {
        private readonly Confirmations owner;

        /// <summary>Which question.</summary>
        public string Id { get; private set; }

        /// <summary>What is signed, as it was read from the bytes that are hashed.</summary>
        public Intent Intent { get; private set; }

        /// <summary>Seconds of this side's clock at which it is no longer valid.</summary>
        public double EndsAtS { get; private set; }

        internal Confirmation(Confirmations owner, string id, Intent intent, double endsAtS)
        {
            this.owner = owner;
            Id = id;
            Intent = intent;
            EndsAtS = endsAtS;
        }

        /// <summary>What to show: labels and their values, in this order.</summary>
        public IList<KeyValuePair<string, string>> Rows
        {
            get
            {
                var rows = new List<KeyValuePair<string, string>>
                {
                    Row("To", Intent.CreditorName),
                    Row("Account", ShortAccount(Intent.CreditorAccount)),
                    Row("Amount", Currencies.Spoken(Intent.Amount, Intent.Currency)),
                };
                if (Intent.Reference.Length > 0) rows.Add(Row("Reference", Intent.Reference));
                rows.Add(Row("From", ShortAccount(Intent.Debtor)));
                return rows;
            }
        }

        /// <summary>Say yes to what is shown. In vain when the question is over.</summary>
        public void Approve() { owner.Settle(this, null); }

        /// <summary>Say no. In vain when the question is over.</summary>
        public void Decline() { owner.Settle(this, "declined"); }

        private static KeyValuePair<string, string> Row(string label, string value)
        {
            return new KeyValuePair<string, string>(label, value);
        }

        // The tail of an account is enough to tell one from another, and no more than that is shown.
        private static string ShortAccount(string account)
        {
            return account.Length > 6 ? "\u2026" + account.Substring(account.Length - 4) : account;
        }
    }
}
