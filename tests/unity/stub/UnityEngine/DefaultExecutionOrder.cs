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
