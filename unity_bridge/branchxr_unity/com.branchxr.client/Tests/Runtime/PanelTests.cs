using System.Collections.Generic;
using BranchXR.Panels;
using NUnit.Framework;

namespace BranchXR.Tests
{
    public sealed class PanelTests
    {
        private static BranchPanel Panel(string name)
        {
            return new BranchPanel(name, "Title", "text", "", new[] { new PanelField("who", "Who", "Ann") },
                new[] { new PanelButton("ok", "OK") });
        }

        [Test]
        public void APanelOfTheSameNameReplacesTheOldOne()
        {
            var panels = new BranchPanels();
            var pressed = new List<string>();
            panels.Pressed += (panel, button) => pressed.Add(panel.Name + " " + button + " " + panel["who"]);
            BranchPanel first = Panel("a"), second = Panel("a");
            panels.Open(first);
            panels.Open(second);
            Assert.AreEqual(1, panels.All.Count);
            panels.Press(first, "ok");
            Assert.AreEqual(0, pressed.Count);
            second["who"] = "Bob";
            panels.Press(second, "ok");
            CollectionAssert.AreEqual(new[] { "a ok Bob" }, pressed);
        }

        [Test]
        public void FieldsAreBounded()
        {
            BranchPanel panel = Panel("a");
            panel["who"] = new string('x', 199) + "\ud83d\ude00";
            Assert.AreEqual(199, panel["who"].Length, "no half of a pair");
            var error = Assert.Throws<BranchError>(() => panel["nobody"] = "x");
            Assert.AreEqual("field_unknown", error.Code);
        }

        [Test]
        public void NoMoreThanFit()
        {
            var panels = new BranchPanels();
            for (int count = 0; count < BranchPanels.Max; count++) panels.Open(Panel("p" + count));
            Assert.AreEqual("panels_full", Assert.Throws<BranchError>(() => panels.Open(Panel("more"))).Code);
            panels.Open(Panel("p3"));
            panels.Close("p3");
            panels.Close("p3");
            Assert.AreEqual(BranchPanels.Max - 1, panels.All.Count);
            panels.Clear();
            Assert.AreEqual(0, panels.All.Count);
        }

        [TestCase("0", "EUR", false)]
        [TestCase("0.00", "EUR", false)]
        [TestCase("0.01", "EUR", true)]
        [TestCase("1", "JPY", true)]
        [TestCase("01", "JPY", false)]
        [TestCase("10000000000000.00", "EUR", true)]
        [TestCase("10000000000000.01", "EUR", false)]
        [TestCase("1.000", "KWD", true)]
        [TestCase("1.00\n", "EUR", false)]
        public void AmountsAreExact(string amount, string currency, bool isPayable)
        {
            Assert.AreEqual(isPayable, Currencies.IsPayable(amount, currency));
        }
    }
}
