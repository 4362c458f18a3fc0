// As UnityCsReference has it: Editor/Mono/GUI/EditorStyles.cs, Unity 2022.3.1f1.
using UnityEngine;

namespace UnityEditor
{
    public sealed class EditorStyles
    {
        private static readonly GUIStyle bold = new GUIStyle();

        public static GUIStyle boldLabel { get { return bold; } }
    }
}
