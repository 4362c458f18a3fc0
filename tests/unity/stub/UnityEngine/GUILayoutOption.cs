// As UnityCsReference has it: Modules/IMGUI/GUILayoutOption.cs, Unity 2018.1.0a1.
namespace UnityEngine
{
    public sealed class GUILayoutOption
    {
        internal GUILayoutOption() { }
    }
}
