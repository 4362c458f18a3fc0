// As UnityCsReference has it: Modules/IMGUI/GUI.cs, Unity 2020.1.0a3.
namespace UnityEngine
{
    public partial class GUI
    {
        private static readonly GUISkin own = ScriptableObject.CreateInstance<GUISkin>();

        public static GUISkin skin { get { return own; } set { } }
    }
}
