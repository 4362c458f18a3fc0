// As UnityCsReference has it: Runtime/Export/PropertyDrawer/PropertyAttribute.cs, Unity 2019.1.0a13.
using System;

namespace UnityEngine
{
    // Unity 6000.0.52f1 lets this, Header and Range stand at properties too, and Tooltip anywhere.
    // What stands at fields alone compiles with every Unity.
    [AttributeUsage(AttributeTargets.Field, Inherited = true, AllowMultiple = false)]
    public abstract class PropertyAttribute : Attribute
    {
        public int order { get; set; }
    }
}
