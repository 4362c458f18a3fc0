using System.Collections.Generic;
using NUnit.Framework;
using UnityEngine;

namespace BranchXR.Tests
{
    public sealed class AnchorWatchTests
    {
        private static readonly AnchorPlaceRow[] Anchors =
        {
            new AnchorPlaceRow { Path = "Room/counter", Kind = "counter", X = 3 },
            new AnchorPlaceRow { Path = "Room/atm", Kind = "atm", X = -3 },
        };

        [Test]
        public void WhoComesNearIsToldOnce()
        {
            var watch = new AnchorWatch();
            var told = new List<string>();
            foreach (float x in new[] { 0f, 1.5f, 1.7f, 2.5f, 1.3f, 2f }) Look(watch, told, x);
            CollectionAssert.AreEqual(new[] { "Room/counter" }, told);
        }

        [Test]
        public void WhoHasGoneMayComeAgain()
        {
            var watch = new AnchorWatch();
            var told = new List<string>();
            foreach (float x in new[] { 2f, 1.1f, 2f, -2f }) Look(watch, told, x);
            CollectionAssert.AreEqual(new[] { "Room/counter", "Room/counter", "Room/atm" }, told);
        }

        private static void Look(AnchorWatch watch, List<string> told, float x)
        {
            watch.Look(Anchors, new Vector3(x, 1.65f, 0), anchor => told.Add(anchor.Path));
        }
    }
}
