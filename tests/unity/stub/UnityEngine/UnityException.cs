// As UnityCsReference has it: Runtime/Export/Scripting/StackTrace.cs, Unity 2020.1.0a3.
using System;

namespace UnityEngine
{
    [Serializable]
    public class UnityException : SystemException
    {
        public UnityException() : base("A Unity Runtime error occurred!") { }

        public UnityException(string message) : base(message) { }

        public UnityException(string message, Exception innerException) : base(message, innerException) { }
    }
}
