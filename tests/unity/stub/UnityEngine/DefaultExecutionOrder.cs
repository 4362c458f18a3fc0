// As UnityCsReference has it: Runtime/Export/Scripting/Attributes.cs, Unity 6000.6.0b1.
using System;

namespace UnityEngine
{
    [AttributeUsage(AttributeTargets.Class)]
    public class DefaultExecutionOrder : Attribute
    {
        public DefaultExecutionOrder(int order) { this.order = order; }

        public int order { get; }
    }
}
