using System;
using UnityEngine;

namespace BranchXR.Nodes
{
    /// <summary>Makes, moves and removes the nodes of a script as game objects.</summary>
    /// <remarks>
    /// Ids are flat pairs of index and generation; positions 3 and rotations 4 floats each, in the branch's
    /// axes; no rotations at all leave nodes turned as they are. Main thread only.
    /// </remarks>
    public sealed class BranchNodes
    {
        private readonly NodeTable<BranchNode> table = new NodeTable<BranchNode>();
        private readonly Transform parent;
        private readonly Func<string, GameObject> prefabOf;

        /// <summary>Make nodes below a transform.</summary>
        /// <param name="parent">Whose axes are the branch's, mirrored.</param>
        /// <param name="prefabOf">The game's own prefab of a model, or null for a plain shape.</param>
        public BranchNodes(Transform parent, Func<string, GameObject> prefabOf)
        {
            this.parent = parent;
            this.prefabOf = prefabOf;
        }

        /// <summary>How many there are.</summary>
        public int Count { get { return table.Count; } }

        /// <summary>Find a node's game object; a stale id finds null.</summary>
        public GameObject Find(uint index, uint generation)
        {
            BranchNode node;
            return table.TryGet(index, generation, out node) && node != null ? node.gameObject : null;
        }

        /// <summary>Make nodes; an id whose place is taken replaces what stands there.</summary>
        /// <exception cref="BranchError"><c>shape_refused</c>, <c>nodes_full</c> or <c>model_unknown</c>.</exception>
        public void Spawn(string model, uint[] ids, float[] positions, float[] rotations)
        {
            Check(Pairs(ids), positions, rotations);
            for (int at = 0; at < ids.Length / 2; at++)
            {
                BranchNode node = Make(model);
                node.Index = ids[at * 2];
                node.Generation = ids[at * 2 + 1];
                node.Model = model;
                BranchNode before = table.Put(node.Index, node.Generation, node);
                if (before != null) UnityEngine.Object.Destroy(before.gameObject);
                Put(node.transform, at, positions, rotations);
            }
        }

        /// <summary>Move nodes; stale ids are passed over.</summary>
        /// <exception cref="BranchError"><c>shape_refused</c>.</exception>
        public void Move(uint[] ids, float[] positions, float[] rotations)
        {
            Check(Pairs(ids), positions, rotations);
            for (int at = 0; at < ids.Length / 2; at++)
            {
                BranchNode node;
                // The game itself may have destroyed it.
                if (!table.TryGet(ids[at * 2], ids[at * 2 + 1], out node) || node == null) continue;
                Put(node.transform, at, positions, rotations);
            }
        }

        /// <summary>Remove nodes; stale ids are passed over.</summary>
        public void Remove(uint[] ids)
        {
            for (int at = 0; at + 1 < ids.Length; at += 2)
            {
                BranchNode node;
                if (table.Remove(ids[at], ids[at + 1], out node) && node != null)
                {
                    UnityEngine.Object.Destroy(node.gameObject);
                }
            }
        }

        /// <summary>Remove all.</summary>
        public void Clear()
        {
            for (int index = 0; index < table.Length; index++)
            {
                BranchNode node = table.At(index);
                if (node != null) UnityEngine.Object.Destroy(node.gameObject);
            }
            table.Clear();
        }

        private BranchNode Make(string model)
        {
            GameObject prefab = prefabOf == null ? null : prefabOf(model);
            GameObject made = prefab == null ? Shape(model) : UnityEngine.Object.Instantiate(prefab);
            made.name = "branch " + model;
            made.transform.SetParent(parent, false);
            BranchNode node;
            return made.TryGetComponent(out node) ? node : made.AddComponent<BranchNode>();
        }

        // The sizes that the page draws, in metres.
        private static GameObject Shape(string model)
        {
            switch (model)
            {
                case "box": return Primitive(PrimitiveType.Cube, 0.5f, 0.5f);
                case "sphere": return Primitive(PrimitiveType.Sphere, 0.5f, 0.5f);
                case "marker": return Primitive(PrimitiveType.Cylinder, 0.16f, 0.2f);
                default:
                    throw new BranchError("model_unknown", "expected box, sphere, marker or a prefab, got '" + model + "'",
                        "BranchNodes.Spawn", "give the stage a prefab of that name");
            }
        }

        private static GameObject Primitive(PrimitiveType type, float width, float height)
        {
            GameObject made = GameObject.CreatePrimitive(type);
            made.transform.localScale = new Vector3(width, height, width);
            return made;
        }

        private static void Put(Transform transform, int at, float[] positions, float[] rotations)
        {
            int p = at * 3, r = at * 4;
            transform.localPosition = Axes.Position(new Vector3(positions[p], positions[p + 1], positions[p + 2]));
            if (rotations.Length == 0) return;
            transform.localRotation = Axes.Rotation(
                new Quaternion(rotations[r], rotations[r + 1], rotations[r + 2], rotations[r + 3]));
        }

        // How many ids there are, or -1 where one is cut.
        private static int Pairs(uint[] ids) { return ids.Length % 2 == 0 ? ids.Length / 2 : -1; }

        internal static void Check(int count, float[] positions, float[] rotations)
        {
            bool isRight = positions.Length == count * 3 && (rotations.Length == 0 || rotations.Length == count * 4)
                && Array.TrueForAll(positions, IsFinite) && Array.TrueForAll(rotations, IsFinite);
            if (isRight) return;
            throw new BranchError("shape_refused",
                "expected " + count + " finite positions of 3 and rotations of 4 floats, got " + positions.Length
                + " and " + rotations.Length, "BranchNodes", "check the arrays");
        }

        private static bool IsFinite(float value) { return !float.IsNaN(value) && !float.IsInfinity(value); }
    }
}
