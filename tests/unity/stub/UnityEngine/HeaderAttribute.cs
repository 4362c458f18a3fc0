// As UnityCsReference has it: Runtime/Export/PropertyDrawer/PropertyAttribute.cs, Unity 2019.1.0a13.
using System;

namespace UnityEngine
{
    [AttributeUsage(AttributeTargets.Field, Inherited = true, AllowMultiple = true)]
    public class HeaderAttribute : PropertyAttribute
    {
        public readonly string header;

        public HeaderAttribute(string header) { this.header = header; }
    }
}
