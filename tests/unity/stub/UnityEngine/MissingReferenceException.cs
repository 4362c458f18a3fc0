// As UnityCsReference has it: Runtime/Export/Scripting/StackTrace.cs, Unity 2020.1.0a3.
using System;

namespace UnityEngine
{
    [Serializable]
    public class MissingReferenceException : SystemException
    {
        public MissingReferenceException() : base("A Unity Runtime error occurred!") { }

        public MissingReferenceException(string message) : base(message) { }
    }
}
