// As UnityCsReference has it: Editor/Mono/Settings/SettingsProviderAttribute.cs, Unity 2018.3.0a1.
using System;

namespace UnityEditor
{
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class SettingsProviderAttribute : Attribute
    {
    }
}
