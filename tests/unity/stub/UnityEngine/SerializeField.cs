// As Unity's Scripting API 2021.3 has it; its file of UnityCsReference was not at hand.
using System;

namespace UnityEngine
{
    [AttributeUsage(AttributeTargets.Field)]
    public sealed class SerializeField : Attribute
    {
    }
}
