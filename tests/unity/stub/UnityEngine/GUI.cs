// As Unity's Scripting API 2021.3 has it; its file of UnityCsReference was not at hand.
namespace UnityEngine
{
    public partial class GUI
    {
        private static readonly GUISkin own = ScriptableObject.CreateInstance<GUISkin>();

        public static GUISkin skin { get { return own; } set { } }
    }
}
