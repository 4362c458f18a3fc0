// As Unity's Scripting API 2021.3 has it; its file of UnityCsReference was not at hand.
using System;

namespace UnityEngine
{
    public class UnityException : SystemException
    {
        public UnityException() : base("A Unity Runtime error occurred!") { }

        public UnityException(string message) : base(message) { }

        public UnityException(string message, Exception innerException) : base(message, innerException) { }
    }
}
