// As UnityCsReference has it: Runtime/Transform/ScriptBindings/Transform.bindings.cs, Unity 2018.2.0a1.
using System;
using System.Collections;
using System.Collections.Generic;
using UnityEngine.Stub;

namespace UnityEngine
{
    public class Transform : Component, IEnumerable
    {
        internal readonly List<Transform> below = new List<Transform>();
        internal Transform above;
        private Vector3 ownPosition;
        private Quaternion ownRotation = Quaternion.identity;
        private Vector3 ownScale = Vector3.one;

        protected Transform() { }

        internal static Transform Create(GameObject owner) { return new Transform { owner = owner }; }

        public Vector3 localPosition
        {
            get { Require("get_localPosition"); return ownPosition; }
            set { Require("set_localPosition"); ownPosition = value; }
        }

        public Quaternion localRotation
        {
            get { Require("get_localRotation"); return ownRotation; }
            set { Require("set_localRotation"); ownRotation = value.normalized; }
        }

        public Vector3 localScale
        {
            get { Require("get_localScale"); return ownScale; }
            set { Require("set_localScale"); ownScale = value; }
        }

        public Vector3 position
        {
            get { Require("get_position"); return above == null ? ownPosition : above.TransformPoint(ownPosition); }
            set { localPosition = above == null ? value : above.InverseTransformPoint(value); }
        }

        public Quaternion rotation
        {
            get { Require("get_rotation"); return above == null ? ownRotation : above.rotation * ownRotation; }
            set { localRotation = above == null ? value : Quaternion.Inverse(above.rotation) * value; }
        }

        internal Vector3 WorldScale
        {
            get { return above == null ? localScale : Vector3.Scale(above.WorldScale, localScale); }
        }

        public Vector3 forward
        {
            get { return rotation * Vector3.forward; }
            set { rotation = Turns.Looking(value); }
        }

        public Vector3 right
        {
            get { return rotation * Vector3.right; }
            set { rotation = Turns.Between(Vector3.right, value); }
        }

        public Vector3 up
        {
            get { return rotation * Vector3.up; }
            set { rotation = Turns.Between(Vector3.up, value); }
        }

        public Transform parent { get { Require("get_parent"); return above; } set { SetParent(value); } }

        public Transform root { get { return above == null ? this : above.root; } }

        public int childCount { get { Require("get_childCount"); return below.Count; } }

        public void SetParent(Transform p) { SetParent(p, true); }

        public void SetParent(Transform parent, bool worldPositionStays)
        {
            Require("SetParent");
            if (parent != null && parent.IsBelow(this)) return; // Unity refuses a circle silently
            Vector3 place = position;
            Quaternion turn = rotation;
            Vector3 scale = WorldScale;
            bool wasActive = gameObject.activeInHierarchy;
            if (!ReferenceEquals(above, null)) above.below.Remove(this);
            above = parent == null ? null : parent;
            if (above != null) above.below.Add(this);
            if (worldPositionStays)
            {
                position = place;
                rotation = turn;
                localScale = above == null ? scale : Divide(scale, above.WorldScale);
            }
            if (gameObject.activeInHierarchy != wasActive) Lifecycle.ActivityChanged(gameObject);
        }

        public void SetPositionAndRotation(Vector3 position, Quaternion rotation)
        {
            this.position = position;
            this.rotation = rotation;
        }

        public Vector3 TransformPoint(Vector3 position)
        {
            Require("TransformPoint");
            Vector3 local = ownPosition + ownRotation * Vector3.Scale(ownScale, position);
            return above == null ? local : above.TransformPoint(local);
        }

        public Vector3 InverseTransformPoint(Vector3 position)
        {
            Require("InverseTransformPoint");
            Vector3 local = above == null ? position : above.InverseTransformPoint(position);
            return Divide(Quaternion.Inverse(ownRotation) * (local - ownPosition), ownScale);
        }

        public Transform GetChild(int index)
        {
            Require("GetChild");
            if (index < 0 || index >= below.Count) throw new UnityException("Transform child out of bounds");
            return below[index];
        }

        internal bool IsBelow(Transform parent)
        {
            for (Transform one = this; !ReferenceEquals(one, null); one = one.above)
            {
                if (ReferenceEquals(one, parent)) return true;
            }
            return false;
        }

        public Transform Find(string n)
        {
            Require("Find");
            Transform found = this;
            foreach (string part in n.Split('/'))
            {
                found = found.below.Find(child => child.owner.OwnName == part);
                if (ReferenceEquals(found, null)) return null;
            }
            return found;
        }

        public IEnumerator GetEnumerator() { return below.ToArray().GetEnumerator(); }

        private void Require(string member)
        {
            MainThread.Require(member);
            World.RequireAlive(this);
        }

        private static Vector3 Divide(Vector3 a, Vector3 b)
        {
            return new Vector3(Part(a.x, b.x), Part(a.y, b.y), Part(a.z, b.z));
        }

        private static float Part(float a, float b) { return b == 0f ? 0f : a / b; }
    }
}
