// As UnityCsReference has it: Editor/Mono/MenuItem.cs, Unity 2023.3.0a4.
using System;

namespace UnityEditor
{
    [AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
    public sealed class MenuItem : Attribute
    {
        public MenuItem(string itemName) { }

        public MenuItem(string itemName, bool isValidateFunction, int priority) { }
    }
}
