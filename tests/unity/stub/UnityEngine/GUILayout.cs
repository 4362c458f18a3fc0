// As UnityCsReference has it: Modules/IMGUI/GUILayout.cs, Unity 2018.2.0a1.
using UnityEngine.Stub;

namespace UnityEngine
{
    public partial class GUILayout
    {
        public static bool Button(string text, params GUILayoutOption[] options) { return Screen.Press(text); }

        public static void Label(string text, GUIStyle style, params GUILayoutOption[] options)
        {
            Screen.Draw(text, style);
        }

        public static string TextField(string text, params GUILayoutOption[] options) { return Screen.Type(text); }
    }
}
