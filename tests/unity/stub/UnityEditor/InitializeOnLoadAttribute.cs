// As Unity's Scripting API 2021.3 has it; its file of UnityCsReference was not at hand.
using System;

namespace UnityEditor
{
    [AttributeUsage(AttributeTargets.Class)]
    public class InitializeOnLoadAttribute : Attribute
    {
    }
}
