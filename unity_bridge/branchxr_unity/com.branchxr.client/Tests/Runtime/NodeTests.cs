using BranchXR.Nodes;
using NUnit.Framework;
using UnityEngine;

namespace BranchXR.Tests
{
    public sealed class NodeTests
    {
        private static readonly float[] None = new float[0];

        [Test]
        public void AStaleIdFindsNothing()
        {
            var table = new NodeTable<string>();
            string item;
            Assert.IsNull(table.Put(5, 1, "old"));
            Assert.AreEqual("old", table.Put(5, 2, "new"));
            Assert.IsFalse(table.TryGet(5, 1, out item));
            Assert.IsFalse(table.Remove(5, 1, out item));
            Assert.IsTrue(table.TryGet(5, 2, out item));
            Assert.IsFalse(table.TryGet(uint.MaxValue, 2, out item));
            Assert.IsTrue(table.Remove(5, 2, out item));
            Assert.AreEqual(0, table.Count);
            Assert.AreEqual("nodes_full", Assert.Throws<BranchError>(() => table.Put(4096, 1, "far")).Code);
        }

        [Test]
        public void NodesStandWhereTheBranchHasThem()
        {
            var parent = new GameObject("stage");
            var nodes = new BranchNodes(parent.transform, null);
            nodes.Spawn("box", new uint[] { 0, 1, 1, 1 }, new float[] { 1, 2, 3, 4, 5, 6 }, None);
            Assert.AreEqual(new Vector3(-1, 2, 3), nodes.Find(0, 1).transform.position);
            nodes.Move(new uint[] { 1, 1, 1, 9 }, new float[] { 7, 8, 9, 0, 0, 0 }, new float[] { 0, 1, 0, 0, 0, 0, 0, 1 });
            Transform second = nodes.Find(1, 1).transform;
            Assert.AreEqual(new Vector3(-7, 8, 9), second.localPosition);
            Assert.AreEqual(new Quaternion(0, -1, 0, 0), second.localRotation);
            nodes.Remove(new uint[] { 1, 1, 77, 1 });
            Assert.IsNull(nodes.Find(1, 1));
            Assert.AreEqual(1, nodes.Count);
            nodes.Clear();
            Assert.AreEqual(0, nodes.Count);
            UnityEngine.Object.DestroyImmediate(parent);
        }

        [Test]
        public void BadArraysAreRefused()
        {
            var nodes = new BranchNodes(null, null);
            var one = new uint[] { 0, 1 };
            Assert.AreEqual("shape_refused", CodeOf(() => nodes.Spawn("box", one, new float[] { 1, 2 }, None)));
            Assert.AreEqual("shape_refused", CodeOf(() => nodes.Spawn("box", one, new[] { 1, 2, float.NaN }, None)));
            Assert.AreEqual("model_unknown", CodeOf(() => nodes.Spawn("tree", one, new float[] { 1, 2, 3 }, None)));
            Assert.AreEqual(0, nodes.Count);
            var cut = new uint[] { 0, 1, 2 };
            Assert.AreEqual("shape_refused", CodeOf(() => nodes.Move(cut, new float[] { 1, 2, 3 }, None)));
            var live = new LiveNodes(null);
            var paths = new[] { new NodePathRow { Path = "Hall/door" } };
            Assert.AreEqual("shape_refused", CodeOf(() => live.Move(paths, new[] { 1, float.PositiveInfinity, 3 }, None)));
            Assert.AreEqual("shape_refused", CodeOf(() => live.Move(paths, new float[] { 1, 2, 3 }, new float[] { 1 })));
        }

        private static string CodeOf(TestDelegate act) { return Assert.Throws<BranchError>(act).Code; }
    }
}
