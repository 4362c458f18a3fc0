// As UnityCsReference has it: Runtime/Export/Scripting/Component.bindings.cs, Unity 2019.3.0a3.
using System;
using System.Collections.Generic;
using UnityEngine.Stub;

namespace UnityEngine
{
    public class Component : Object
    {
        internal GameObject owner;

        public Transform transform { get { return gameObject.transform; } }

        public GameObject gameObject
        {
            get { MainThread.Require("get_gameObject"); World.RequireAlive(this); return owner; }
        }

        internal override string OwnName { get { return owner.OwnName; } }

        internal override void SetName(string value) { owner.SetName(value); }

        public T GetComponent<T>() { return gameObject.GetComponent<T>(); }

        public Component GetComponent(Type type) { return gameObject.GetComponent(type); }

        public bool TryGetComponent<T>(out T component) { return gameObject.TryGetComponent(out component); }

        public T[] GetComponentsInChildren<T>() { return gameObject.GetComponentsInChildren<T>(); }

        public T[] GetComponentsInChildren<T>(bool includeInactive)
        {
            return gameObject.GetComponentsInChildren<T>(includeInactive);
        }
    }
}
