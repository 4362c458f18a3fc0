using System.Collections.Generic;
using System.Text;
using BranchXR.Panels;
using NUnit.Framework;

namespace BranchXR.Tests
{
    public sealed class ConfirmationTests
    {
        private const string Canonical =
            "{\"amount\":\"1500.00\",\"creditor\":{\"account\":\"account-2\",\"name\":\"Bob\"},\"currency\":\"EUR\"," +
            "\"debtor\":\"ACC-1\",\"exp\":1700000120,\"iat\":1700000000,\"id\":\"p1\",\"nonce\":" +
            "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"op\":\"payment\",\"reference\":\"rent\",\"rp\":\"localhost\"," +
            "\"sid\":\"s1\",\"typ\":\"branchxr.intent/1\",\"user\":\"ann\"}";

        private readonly List<ConfirmationOutcome> outcomes = new List<ConfirmationOutcome>();
        private Confirmations confirmations;

        [SetUp]
        public void Begin()
        {
            outcomes.Clear();
            confirmations = new Confirmations(outcomes.Add);
            confirmations.Tick(100);
        }

        private static byte[] Bytes(string text) { return Encoding.UTF8.GetBytes(text); }

        private void Ask(string id) { confirmations.Ask(id, Bytes(Canonical), "localhost"); }

        [Test]
        public void AYesIsTheHashOfWhatWasShown()
        {
            Ask("q");
            var rows = new List<string>();
            foreach (KeyValuePair<string, string> row in confirmations.Current.Rows) rows.Add(row.Key + " " + row.Value);
            Assert.AreEqual(
                "To Bob|Account \u2026nt-2|Amount 1\u202f500.00\u00a0EUR|Reference rent|From ACC-1",
                string.Join("|", rows.ToArray()));
            confirmations.Current.Approve();
            Assert.AreEqual(1, outcomes.Count);
            Assert.AreEqual("q", outcomes[0].Id);
            Assert.IsNull(outcomes[0].RefusedCode);
            CollectionAssert.AreEqual(Intent.ChallengeOf(Bytes(Canonical)), outcomes[0].Shown);
        }

        [Test]
        public void EachQuestionHasOneAnswer()
        {
            Ask("q");
            Confirmation question = confirmations.Current;
            question.Decline();
            question.Approve();
            question.Decline();
            confirmations.Over("q");
            confirmations.Clear();
            Assert.AreEqual("declined", Only());
            Assert.IsNull(outcomes[0].Shown);
        }

        [Test]
        public void ANewQuestionReplacesTheOldOne()
        {
            Ask("a");
            Confirmation old = confirmations.Current;
            Ask("b");
            Assert.AreEqual("replaced", Only());
            old.Approve();
            Assert.AreEqual(1, outcomes.Count);
            confirmations.Over("a");
            Assert.AreEqual("b", confirmations.Current.Id);
            confirmations.Over("b");
            Assert.AreEqual("over", outcomes[1].RefusedCode);
        }

        [Test]
        public void TimeEndsIt()
        {
            Ask("q");
            confirmations.Tick(219.9);
            Assert.AreEqual(0, outcomes.Count);
            confirmations.Tick(220);
            Assert.AreEqual("approval_expired", Only());
            Assert.IsNull(confirmations.Current);
        }

        [Test]
        public void AnotherBankAndBrokenIntentsAreNeverShown()
        {
            confirmations.Opened += question => Assert.Fail("shown");
            confirmations.Ask("q", Bytes(Canonical), "evil.example");
            Assert.AreEqual("rp_mismatch", Only());
            confirmations.Ask("r", Bytes(Canonical.Replace("Bob", "B\u043eb")), "localhost");
            Assert.AreEqual("intent_text_refused", outcomes[1].RefusedCode);
            confirmations.Ask("s", new byte[] { 0xff }, "localhost");
            Assert.AreEqual("json_malformed", outcomes[2].RefusedCode);
        }

        private string Only()
        {
            Assert.AreEqual(1, outcomes.Count);
            return outcomes[0].RefusedCode;
        }
    }
}
