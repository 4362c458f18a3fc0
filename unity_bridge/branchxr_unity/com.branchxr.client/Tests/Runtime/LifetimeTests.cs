using System;
using System.Collections.Generic;
using NUnit.Framework;

namespace BranchXR.Tests
{
    public sealed class LifetimeTests
    {
        [Test]
        public void EveryWayThatIsNotListedIsRefused()
        {
            var ways = new HashSet<string>
            {
                "Off Starting", "Running Starting", "Fenced Starting", "Starting Running", "Starting Fenced",
                "Running Fenced", "Starting Stopping", "Running Stopping", "Fenced Stopping", "Stopping Off", "Starting Off",
            };
            foreach (BranchState from in Enum.GetValues(typeof(BranchState)))
            {
                foreach (BranchState to in Enum.GetValues(typeof(BranchState)))
                {
                    Assert.AreEqual(ways.Contains(from + " " + to), Lifetime.Allows(from, to), from + " " + to);
                }
            }
        }

        [Test]
        public void ARefusedWaySaysWhichItWas()
        {
            var lifetime = new Lifetime();
            lifetime.Go(BranchState.Starting);
            lifetime.Go(BranchState.Running);
            var error = Assert.Throws<BranchError>(() => lifetime.Go(BranchState.Off));
            Assert.AreEqual("lifetime_refused", error.Code);
            Assert.AreEqual(BranchState.Running, lifetime.State);
        }
    }
}
