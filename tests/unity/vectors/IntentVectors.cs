using System.Collections.Generic;
using System.Text;
using BranchXR.Json;
using BranchXR.Panels;
using NUnit.Framework;

namespace BranchXR.VectorTests
{
    public sealed class IntentVectors
    {
        private readonly Dictionary<string, object> intents = Vectors.Load("intent.json");
        private readonly Dictionary<string, object> jcs = Vectors.Load("jcs.json");

        [Test]
        public void TheChallengeIsThatOfPythonOverTheBytesThatAreShown()
        {
            foreach (Dictionary<string, object> row in Vectors.Rows(intents["golden"]))
            {
                byte[] canonical = Encoding.UTF8.GetBytes((string)row["canonical"]);
                Intent intent = Intent.Read(canonical);
                Assert.AreEqual(row["challenge"], Vectors.Hex(intent.Challenge()), (string)row["name"]);
                var fields = (Dictionary<string, object>)row["intent"];
                var creditor = (Dictionary<string, object>)fields["creditor"];
                Assert.AreEqual(fields["amount"], intent.Amount);
                Assert.AreEqual(fields["currency"], intent.Currency);
                Assert.AreEqual(fields["reference"], intent.Reference);
                Assert.AreEqual(fields["debtor"], intent.Debtor);
                Assert.AreEqual(fields["rp"], intent.RelyingParty);
                Assert.AreEqual(creditor["name"], intent.CreditorName);
                Assert.AreEqual(creditor["account"], intent.CreditorAccount);
                canonical[2] ^= 1;
                Assert.AreEqual(row["challenge"], Vectors.Hex(intent.Challenge()), "the bytes are the intent's own");
            }
        }

        [Test]
        public void NothingIsShownThatPythonRefuses()
        {
            foreach (Dictionary<string, object> row in Vectors.Rows(intents["refused"]))
            {
                byte[] canonical = Encoding.UTF8.GetBytes((string)row["canonical"]);
                var error = Assert.Throws<BranchError>(() => Intent.Read(canonical), (string)row["name"]);
                Assert.AreEqual(row["code"], error.Code, (string)row["name"]);
            }
        }

        [Test]
        public void JsonIsReadAlike()
        {
            foreach (Dictionary<string, object> row in Vectors.Rows(jcs["accepted"]))
            {
                JsonReader.Read(Encoding.UTF8.GetBytes((string)row["json"]));
            }
            foreach (Dictionary<string, object> row in Vectors.Rows(jcs["refused"]))
            {
                byte[] json = Encoding.UTF8.GetBytes((string)row["json"]);
                var error = Assert.Throws<BranchError>(() => JsonReader.Read(json), (string)row["name"]);
                Assert.AreEqual(row["code"], error.Code, (string)row["name"]);
            }
        }
    }
}
