// As UnityCsReference has it: Editor/Mono/BuildPipeline/BuildFailedException.cs, commit 049c81d8.
using System;

namespace UnityEditor.Build
{
    public class BuildFailedException : Exception
    {
        public BuildFailedException(string message) : base(message) { }
    }
}
