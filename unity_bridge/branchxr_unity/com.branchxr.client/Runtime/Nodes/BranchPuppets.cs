using System;
using BranchXR.Frames;
using UnityEngine;

namespace BranchXR.Nodes
{
    /// <summary>Bodies that a script moves. Which there are comes as nodes do; how they stand, in a slab.</summary>
    internal sealed class BranchPuppets
    {
        private readonly NodeTable<BranchBody> table = new NodeTable<BranchBody>();
        private readonly Transform parent;
        private readonly Func<GameObject> prefab;

        internal BranchPuppets(Transform parent, Func<GameObject> prefab)
        {
            this.parent = parent;
            this.prefab = prefab;
        }

        internal int Count { get { return table.Count; } }

        internal BranchBody Find(uint index, uint generation)
        {
            BranchBody body;
            return table.TryGet(index, generation, out body) ? body : null;
        }

        internal void Spawn(uint[] ids)
        {
            for (int at = 0; at + 1 < ids.Length; at += 2)
            {
                BranchBody before = table.Put(ids[at], ids[at + 1], new BranchBody("branch puppet", prefab(), parent));
                if (before != null) before.Destroy();
            }
        }

        /// <summary>Remove those that are puppets; other ids are passed over.</summary>
        internal void Remove(uint[] ids)
        {
            for (int at = 0; at + 1 < ids.Length; at += 2)
            {
                BranchBody body;
                if (table.Remove(ids[at], ids[at + 1], out body)) body.Destroy();
            }
        }

        internal void Clear()
        {
            for (int index = 0; index < table.Length; index++)
            {
                BranchBody body = table.At(index);
                if (body != null) body.Destroy();
            }
            table.Clear();
        }

        /// <summary>Stand as the newest slab says, if there is a newer one.</summary>
        internal unsafe void Show(PuppetSlabs slabs)
        {
            uint* ids;
            float* poses;
            int count;
            if (!slabs.TryTake(out ids, out poses, out count)) return;
            for (int row = 0; row < count; row++)
            {
                BranchBody puppet;
                if (!table.TryGet(ids[row * 2], ids[row * 2 + 1], out puppet)) continue;
                float* pose = poses + row * BlockLayout.PoseFloats;
                Body body;
                Read(pose, out body.Head, out body.HeadRotation);
                Read(pose + 7, out body.Left, out body.LeftRotation);
                Read(pose + 14, out body.Right, out body.RightRotation);
                puppet.Pose(ref body, (PoseFlags)(int)pose[21]);
            }
            slabs.Release();
        }

        private static unsafe void Read(float* from, out Vector3 position, out Quaternion rotation)
        {
            position = new Vector3(from[0], from[1], from[2]);
            rotation = new Quaternion(from[3], from[4], from[5], from[6]);
        }
    }
}
