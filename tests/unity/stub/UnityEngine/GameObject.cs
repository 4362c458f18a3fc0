// As UnityCsReference has it: Runtime/Export/Scripting/GameObject.bindings.cs, Unity 6000.5.0a5.
using System;
using System.Collections.Generic;
using UnityEngine.Stub;

namespace UnityEngine
{
    public sealed class GameObject : Object
    {
        internal readonly List<Component> components = new List<Component>();
        private readonly Transform ownTransform;
        private bool isActive = true;

        public GameObject() : this("New Game Object") { }

        public GameObject(string name)
        {
            MainThread.Require("GameObject constructor");
            SetName(name);
            ownTransform = Transform.Create(this);
            components.Add(ownTransform);
            World.Add(this);
        }

        public GameObject(string name, params Type[] components) : this(name)
        {
            foreach (Type component in components) AddComponent(component);
        }

        public Transform transform
        {
            get { MainThread.Require("get_transform"); World.RequireAlive(this); return ownTransform; }
        }

        public GameObject gameObject { get { return this; } }

        // There is one scene, and everything is in it.
        public SceneManagement.Scene scene { get { return new SceneManagement.Scene { exists = true }; } }

        public int layer { get; set; }

        public bool activeSelf { get { World.RequireAlive(this); return isActive; } }

        public bool activeInHierarchy
        {
            get
            {
                World.RequireAlive(this);
                for (Transform one = ownTransform; !ReferenceEquals(one, null); one = one.above)
                {
                    if (!one.owner.isActive) return false;
                }
                return true;
            }
        }

        public void SetActive(bool value)
        {
            MainThread.Require("SetActive");
            World.RequireAlive(this);
            if (value == isActive) return;
            isActive = value;
            Lifecycle.ActivityChanged(this);
        }

        public T AddComponent<T>() where T : Component { return (T)AddComponent(typeof(T)); }

        public Component AddComponent(Type componentType)
        {
            MainThread.Require("AddComponent");
            World.RequireAlive(this);
            return Lifecycle.Add(this, componentType);
        }

        public T GetComponent<T>() { return (T)(object)GetComponent(typeof(T)); }

        public Component GetComponent(Type type)
        {
            MainThread.Require("GetComponent");
            World.RequireAlive(this);
            foreach (Component one in components)
            {
                if (type.IsInstanceOfType(one)) return one;
            }
            return null;
        }

        public bool TryGetComponent<T>(out T component)
        {
            component = GetComponent<T>();
            return component != null;
        }

        public T[] GetComponents<T>()
        {
            MainThread.Require("GetComponents");
            World.RequireAlive(this);
            var found = new List<T>();
            foreach (Component one in components)
            {
                if (one is T) found.Add((T)(object)one);
            }
            return found.ToArray();
        }

        public T[] GetComponentsInChildren<T>() { return GetComponentsInChildren<T>(false); }

        public T[] GetComponentsInChildren<T>(bool includeInactive)
        {
            var found = new List<T>();
            Collect(this, includeInactive, found);
            return found.ToArray();
        }

        private static void Collect<T>(GameObject from, bool includeInactive, List<T> found)
        {
            if (!includeInactive && !from.activeInHierarchy) return;
            found.AddRange(from.GetComponents<T>());
            foreach (Transform child in from.ownTransform.below) Collect(child.owner, includeInactive, found);
        }

        public static GameObject CreatePrimitive(PrimitiveType type) { return new GameObject(type.ToString()); }

        public static GameObject Find(string name)
        {
            MainThread.Require("Find");
            foreach (GameObject one in World.GameObjects)
            {
                if (one.OwnName == name && one.activeInHierarchy) return one;
            }
            return null;
        }
    }
}
