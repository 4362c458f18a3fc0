// As Unity's Scripting API 2021.3 has it; its file of UnityCsReference was not at hand.
using System;

namespace UnityEngine
{
    public class MissingReferenceException : SystemException
    {
        public MissingReferenceException() : base("A Unity Runtime error occurred!") { }

        public MissingReferenceException(string message) : base(message) { }
    }
}
