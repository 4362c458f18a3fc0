// As UnityCsReference has it: Runtime/Export/Scripting/Attributes.cs, Unity 6000.6.0b1.
using System;

namespace UnityEngine
{
    public sealed class AddComponentMenu : Attribute
    {
        public AddComponentMenu(string menuName) { }
    }
}
