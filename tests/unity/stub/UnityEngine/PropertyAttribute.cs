// As UnityCsReference has it: Runtime/Export/PropertyDrawer/PropertyAttribute.cs, Unity 6000.0.52f1.
using System;

namespace UnityEngine
{
    [AttributeUsage(AttributeTargets.Field, Inherited = true, AllowMultiple = false)]
    public abstract class PropertyAttribute : Attribute
    {
        public int order { get; set; }
    }
}
