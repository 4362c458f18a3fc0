// As UnityCsReference has it: Runtime/Export/Serialization/Serialization.cs, Unity 2020.1.0a14.
using System;

namespace UnityEngine
{
    public sealed partial class SerializeField : Attribute
    {
    }
}
