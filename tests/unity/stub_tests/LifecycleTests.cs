using System.Collections.Generic;
using NUnit.Framework;
using UnityEngine;
using UnityEngine.Stub;

namespace BranchXR.StubTests
{
    /// <summary>Manual, "Order of execution for event functions".</summary>
    public sealed class LifecycleTests
    {
        private static readonly List<string> Seen = new List<string>();

        private class Script : MonoBehaviour
        {
            private void Awake() { Seen.Add("Awake"); }
            private void OnEnable() { Seen.Add("OnEnable"); }
            private void Start() { Seen.Add("Start"); }
            private void FixedUpdate() { Seen.Add("FixedUpdate"); }
            private void Update() { Seen.Add("Update"); }
            private void LateUpdate() { Seen.Add("LateUpdate"); }
            private void OnApplicationQuit() { Seen.Add("OnApplicationQuit"); }
            private void OnDisable() { Seen.Add("OnDisable"); }
            private void OnDestroy() { Seen.Add("OnDestroy"); }
        }

        [DefaultExecutionOrder(-5)]
        private sealed class Early : MonoBehaviour
        {
            private void Update() { Seen.Add("early"); }
        }

        private sealed class Late : MonoBehaviour
        {
            private void Update() { Seen.Add("late"); }
        }

        private sealed class Thrower : MonoBehaviour
        {
            private void Update() { throw new System.InvalidOperationException("as it must"); }
        }

        [SetUp]
        public void Begin()
        {
            LogBook.IsLoud = false;
            LogBook.Take();
            Player.Begin();
            Seen.Clear();
        }

        private static string Take()
        {
            string all = string.Join(" ", Seen.ToArray());
            Seen.Clear();
            return all;
        }

        [Test]
        public void AScriptLivesInUnitysOrder()
        {
            new GameObject("one").AddComponent<Script>();
            Assert.AreEqual("Awake OnEnable", Take());
            Player.Frame(0.02);
            Assert.AreEqual("Start FixedUpdate Update LateUpdate", Take());
            Player.Frame(0.01);
            Assert.AreEqual("Update LateUpdate", Take());
            Player.Frame(0.03);
            Assert.AreEqual("FixedUpdate FixedUpdate Update LateUpdate", Take());
            Player.Quit();
            Assert.AreEqual("OnApplicationQuit OnDisable OnDestroy", Take());
        }

        [Test]
        public void AnInactiveObjectSleeps()
        {
            var one = new GameObject("one");
            one.SetActive(false);
            var script = one.AddComponent<Script>();
            Player.Frame(0.004);
            Assert.AreEqual("", Take());
            one.SetActive(true);
            Player.Frame(0.004);
            Assert.AreEqual("Awake OnEnable Start Update LateUpdate", Take());
            script.enabled = false;
            script.enabled = true;
            Player.Frame(0.004);
            Assert.AreEqual("OnDisable OnEnable Update LateUpdate", Take());
        }

        [Test]
        public void DestructionWaitsForTheEndOfTheFrame()
        {
            var one = new GameObject("one");
            var script = one.AddComponent<Script>();
            Player.Frame(0.004);
            Take();
            Object.Destroy(one);
            Assert.IsTrue(script != null);
            Player.Frame(0.004);
            Assert.AreEqual("Update LateUpdate OnDisable OnDestroy", Take());
            Assert.IsTrue(script == null);
            Assert.IsTrue(one == null);
            Assert.Throws<MissingReferenceException>(() => { Transform unused = one.transform; });
        }

        [Test]
        public void ExecutionOrderGoesBeforeAge()
        {
            var one = new GameObject("one");
            one.AddComponent<Late>();
            one.AddComponent<Early>();
            Player.Frame(0.01);
            Assert.AreEqual("early late", Take());
        }

        [Test]
        public void AnExceptionIsLoggedAndTheOthersGoOn()
        {
            var one = new GameObject("one");
            one.AddComponent<Thrower>();
            one.AddComponent<Late>();
            Player.Frame(0.01);
            Assert.AreEqual("late", Take());
            LogEntry[] log = LogBook.Take();
            Assert.AreEqual(1, log.Length);
            Assert.AreEqual(LogType.Exception, log[0].type);
        }

        [Test]
        public void ChildrenMoveWithTheirParents()
        {
            var above = new GameObject("above");
            var below = new GameObject("below");
            below.transform.position = new Vector3(0f, 0f, 2f);
            below.transform.SetParent(above.transform);
            above.transform.SetPositionAndRotation(new Vector3(1f, 0f, 0f), Quaternion.Euler(0f, 90f, 0f));
            above.transform.localScale = new Vector3(2f, 2f, 2f);
            Assert.Less((below.transform.position - new Vector3(5f, 0f, 0f)).magnitude, 1e-5f);
            Assert.AreSame(below.transform, above.transform.Find("below"));
            below.transform.SetParent(null);
            Assert.Less((below.transform.localPosition - new Vector3(5f, 0f, 0f)).magnitude, 1e-5f);
            Assert.AreEqual(0, above.transform.childCount);
        }

        [Test]
        public void OtherThreadsAreRefused()
        {
            var one = new GameObject("one");
            System.Exception caught = null;
            var thread = new System.Threading.Thread(() =>
            {
                try { one.transform.position = Vector3.one; }
                catch (UnityException exception) { caught = exception; }
            });
            thread.Start();
            thread.Join();
            StringAssert.Contains("main thread", caught.Message);
        }

        [Test]
        public void AClonedPrefabKeepsItsFieldsAndInnerReferences()
        {
            var prefab = new GameObject("prefab");
            prefab.SetActive(false);
            var child = new GameObject("child");
            child.transform.SetParent(prefab.transform);
            var holder = prefab.AddComponent<Holder>();
            holder.held = child.transform;
            holder.number = 7;
            Holder copy = Object.Instantiate(holder);
            Assert.AreEqual("prefab(Clone)", copy.name);
            Assert.AreEqual(7, copy.number);
            Assert.AreSame(copy.transform.GetChild(0), copy.held);
        }

        private sealed class Holder : MonoBehaviour
        {
            public Transform held;
            public int number;
        }

        [Test]
        public void ATransformTurnsToADirection([Values(0, 1, 2, 3, 4, 5)] int which)
        {
            var directions = new[]
            {
                Vector3.back, Vector3.up, new Vector3(1F, 2F, -3F), new Vector3(-4F, -0.5F, 0F), Vector3.left,
                new Vector3(0F, 0.5F, -0.8F),
            };
            Vector3 wanted = directions[which].normalized;
            Transform turned = new GameObject("turned").transform;
            turned.right = directions[which];
            Assert.Less(Vector3.Distance(wanted, turned.right), 1e-5f);
            turned.up = directions[which];
            Assert.Less(Vector3.Distance(wanted, turned.up), 1e-5f);
            turned.forward = directions[which];
            Assert.Less(Vector3.Distance(wanted, turned.forward), 1e-5f);
            if (which != 1) Assert.AreEqual(0F, turned.right.y, 1e-5f, "its side stays level");
        }
    }
}
