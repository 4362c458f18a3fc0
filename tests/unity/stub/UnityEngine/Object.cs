// As UnityCsReference has it: Runtime/Export/Scripting/UnityEngineObject.bindings.cs, Unity 6000.0.33f1.
using System;
using System.Collections.Generic;
using UnityEngine.Stub;

namespace UnityEngine
{
    public class Object
    {
        private readonly int id = World.NextId();
        private string ownName = "";
        internal bool isDestroyed;

        public string name
        {
            get { MainThread.Require("get_name"); return OwnName; }
            set { MainThread.Require("set_name"); SetName(value); }
        }

        internal virtual void SetName(string value) { ownName = value ?? ""; }

        internal virtual string OwnName { get { return ownName; } }

        public override int GetHashCode() { return id; }

        public override bool Equals(object other)
        {
            if (other != null && !(other is Object)) return false;
            return IsSame(this, other as Object);
        }

        public override string ToString() { return OwnName + " (" + GetType().FullName + ")"; }

        public static implicit operator bool(Object exists) { return !IsSame(exists, null); }

        public static bool operator ==(Object x, Object y) { return IsSame(x, y); }

        public static bool operator !=(Object x, Object y) { return !IsSame(x, y); }

        // What has been destroyed equals null: Unity's best-known surprise.
        private static bool IsSame(Object x, Object y)
        {
            bool isXNothing = ReferenceEquals(x, null) || x.isDestroyed;
            bool isYNothing = ReferenceEquals(y, null) || y.isDestroyed;
            if (ReferenceEquals(x, null) || ReferenceEquals(y, null)) return isXNothing && isYNothing;
            return x.id == y.id;
        }

        public static void Destroy(Object obj) { Destroy(obj, 0.0F); }

        public static void Destroy(Object obj, float t)
        {
            MainThread.Require("Destroy");
            if (obj != null) World.DestroyLater(obj, t);
        }

        public static void DestroyImmediate(Object obj) { DestroyImmediate(obj, false); }

        public static void DestroyImmediate(Object obj, bool allowDestroyingAssets)
        {
            MainThread.Require("DestroyImmediate");
            if (obj != null) World.DestroyNow(obj);
        }

        public static T Instantiate<T>(T original) where T : Object
        {
            return Instantiate(original, null);
        }

        public static T Instantiate<T>(T original, Transform parent) where T : Object
        {
            MainThread.Require("Instantiate");
            if (original == null) throw new ArgumentException("The Object you want to instantiate is null.");
            return (T)Cloner.Clone(original, parent);
        }
    }
}
