// As UnityCsReference has it: Runtime/Export/Scripting/RuntimeInitializeOnLoadAttribute.cs, Unity 2020.1.0a3.
using System;
using UnityEngine.Scripting;

namespace UnityEngine
{
    [AttributeUsage(AttributeTargets.Method, AllowMultiple = false)]
    public class RuntimeInitializeOnLoadMethodAttribute : PreserveAttribute
    {
        public RuntimeInitializeOnLoadMethodAttribute(RuntimeInitializeLoadType loadType) { this.loadType = loadType; }

        public RuntimeInitializeLoadType loadType { get; private set; }
    }
}
