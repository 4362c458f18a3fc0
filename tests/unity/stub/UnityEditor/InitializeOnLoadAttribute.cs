// As UnityCsReference has it: Editor/Mono/EditorAssemblies.cs, Unity 2017.1.2p2.
using System;

namespace UnityEditor
{
    [AttributeUsage(AttributeTargets.Class)]
    public class InitializeOnLoadAttribute : Attribute
    {
    }
}
