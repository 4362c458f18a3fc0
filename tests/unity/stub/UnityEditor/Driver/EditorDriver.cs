using System;
using System.Collections.Generic;
using System.Reflection;
using System.Runtime.CompilerServices;
using UnityEngine.Stub;

[assembly: InternalsVisibleTo("BranchXR.Harness")]
[assembly: InternalsVisibleTo("BranchXR.Client.Editor.Tests")]

namespace UnityEditor
{
    // The Editor: a project's settings and assets, and what was drawn.
    internal static class EditorDriver
    {
        internal static readonly Dictionary<string, UnityEngine.Object> Assets =
            new Dictionary<string, UnityEngine.Object>();

        internal static readonly List<string> Drawn = new List<string>();

        internal static ScriptingImplementation Backend;

        internal static ApiCompatibilityLevel ApiLevel;

        internal static void Reset()
        {
            Player.IsEditor = true;
            Assets.Clear();
            Drawn.Clear();
            Backend = ScriptingImplementation.Mono2x;
            ApiLevel = ApiCompatibilityLevel.NET_Standard;
        }

        // What Unity does after each domain reload: static constructors of [InitializeOnLoad] classes.
        internal static void Load(Assembly assembly)
        {
            foreach (Type type in assembly.GetTypes())
            {
                if (type.IsDefined(typeof(InitializeOnLoadAttribute), false))
                {
                    RuntimeHelpers.RunClassConstructor(type.TypeHandle);
                }
            }
        }

        internal static void Play(bool value)
        {
            if (value) Player.Begin();
            else Player.Quit();
        }

        // A message of the engine to a window or another object of the Editor.
        internal static void Send(object target, string message)
        {
            target.GetType().GetMethod(message, BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)
                .Invoke(target, null);
        }
    }
}
