// As UnityCsReference has it: Editor/Mono/EditorGUILayout.cs, Unity 2023.3.0a16.
using System;
using UnityEngine;

namespace UnityEditor
{
    public sealed partial class EditorGUILayout
    {
        public static void LabelField(string label, GUIStyle style, params GUILayoutOption[] options)
        {
            EditorDriver.Drawn.Add(label);
        }

        public static void LabelField(string label, string label2, params GUILayoutOption[] options)
        {
            EditorDriver.Drawn.Add(label + ": " + label2);
        }

        public static void HelpBox(string message, MessageType type)
        {
            EditorDriver.Drawn.Add(type + ": " + message);
        }

        public static UnityEngine.Object ObjectField(
            string label, UnityEngine.Object obj, Type objType, bool allowSceneObjects, params GUILayoutOption[] options)
        {
            EditorDriver.Drawn.Add(label + ": " + obj);
            return obj;
        }

        public static Vector2 BeginScrollView(Vector2 scrollPosition, params GUILayoutOption[] options)
        {
            return scrollPosition;
        }

        public static void EndScrollView() { }
    }
}
