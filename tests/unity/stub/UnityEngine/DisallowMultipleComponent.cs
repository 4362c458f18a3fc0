// As UnityCsReference has it: Runtime/Export/Scripting/Attributes.cs, Unity 6000.6.0b1.
using System;

namespace UnityEngine
{
    [AttributeUsage(AttributeTargets.Class, Inherited = false)]
    public sealed class DisallowMultipleComponent : Attribute
    {
    }
}
