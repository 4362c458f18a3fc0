using BranchXR.Nodes;
using BranchXR.Samples;
using NUnit.Framework;
using UnityEngine;
using UnityEngine.Stub;

namespace BranchXR.SampleTests
{
    /// <summary>Plays the sample as somebody at the screen would.</summary>
    public sealed class HelloTests
    {
        private HelloBranch hello;

        [SetUp]
        public void Begin()
        {
            Player.Begin();
            UnityEngine.Stub.Screen.Presses.Clear();
            hello = new GameObject("hello").AddComponent<HelloBranch>();
            Player.Frame(0.01);
        }

        [TearDown]
        public void End()
        {
            Player.Quit();
            Assert.IsEmpty(LogBook.Take());
        }

        [Test]
        public void ThreePeopleWalkRoundACounter()
        {
            BranchNode[] people = hello.GetComponentsInChildren<BranchNode>();
            Assert.AreEqual(3, people.Length);
            Vector3 before = people[0].transform.position;
            Player.Frames(10, 0.1);
            Assert.Greater(Vector3.Distance(before, people[0].transform.position), 0.2f);
            Assert.AreEqual(new Vector3(0f, 0f, -2f), BranchAnchor.Find("counter").transform.position);
        }

        [Test]
        public void APaymentIsAskedInFrontOfEverythingElse()
        {
            CollectionAssert.Contains(UnityEngine.Stub.Screen.Labels, "Hello");
            UnityEngine.Stub.Screen.Presses.Add("Buy tulips for 12.50 EUR");
            Player.Frames(2, 0.01);
            CollectionAssert.Contains(UnityEngine.Stub.Screen.Labels, "To: Flower shop");
            CollectionAssert.DoesNotContain(UnityEngine.Stub.Screen.Labels, "Hello");
            UnityEngine.Stub.Screen.Presses.Add("Pay");
            Player.Frame(0.01);
            StringAssert.StartsWith("Would be signed: ", hello.Said);
            UnityEngine.Stub.Screen.Presses.Add("Buy tulips for 12.50 EUR");
            Player.Frames(2, 0.01);
            UnityEngine.Stub.Screen.Presses.Add("Decline");
            Player.Frame(0.01);
            Assert.AreEqual("Not paid: declined", hello.Said);
        }

        [Test]
        public void NoTextIsMarkup() { Assert.IsEmpty(UnityEngine.Stub.Screen.RichLabels); }

        [Test]
        public void ClosingAndTurningOffLeaveNothing()
        {
            UnityEngine.Stub.Screen.Presses.Add("Close");
            Player.Frames(2, 0.01);
            CollectionAssert.DoesNotContain(UnityEngine.Stub.Screen.Labels, "Hello");
            hello.enabled = false;
            Player.Frame(0.01);
            Assert.IsEmpty(hello.GetComponentsInChildren<BranchNode>(true));
        }
    }
}
