// As UnityCsReference has it: Runtime/Export/PropertyDrawer/PropertyAttribute.cs, Unity 2019.1.0a13.
using System;

namespace UnityEngine
{
    [AttributeUsage(AttributeTargets.Field, Inherited = true, AllowMultiple = false)]
    public class TooltipAttribute : PropertyAttribute
    {
        public readonly string tooltip;

        public TooltipAttribute(string tooltip) { this.tooltip = tooltip; }
    }
}
