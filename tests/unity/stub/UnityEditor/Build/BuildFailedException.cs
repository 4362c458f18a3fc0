// As UnityCsReference has it: Editor/Mono/BuildPipeline/BuildFailedException.cs, Unity 2017.1.0a3.
using System;

namespace UnityEditor.Build
{
    public class BuildFailedException : Exception
    {
        public BuildFailedException(string message) : base(message) { }
    }
}
