// As Unity's Scripting API 2021.3 has it; its file of UnityCsReference was not at hand.
using UnityEngine;

namespace UnityEditor
{
    public sealed class EditorStyles
    {
        private static readonly GUIStyle bold = new GUIStyle();

        public static GUIStyle boldLabel { get { return bold; } }
    }
}
