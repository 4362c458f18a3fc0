// As UnityCsReference has it: Editor/Mono/Settings/SettingsProvider.cs, Unity 6000.5.0a5.
namespace UnityEditor
{
    public enum SettingsScope
    {
        User,
        Project,
    }
}
