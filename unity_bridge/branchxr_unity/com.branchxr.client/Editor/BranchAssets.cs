using System.Collections.Generic;
using UnityEditor;
using UnityEngine;

namespace BranchXR.Editor
{
    /// <summary>The settings assets of the project.</summary>
    internal static class BranchAssets
    {
        internal const string DefaultPath = "Assets/BranchSettings.asset";

        internal static List<BranchSettings> All()
        {
            var all = new List<BranchSettings>();
            foreach (string guid in AssetDatabase.FindAssets("t:BranchSettings"))
            {
                var settings = AssetDatabase.LoadAssetAtPath<BranchSettings>(AssetDatabase.GUIDToAssetPath(guid));
                if (settings != null) all.Add(settings);
            }
            return all;
        }

        /// <summary>Make a settings asset at a path that is free.</summary>
        internal static BranchSettings Make()
        {
            var settings = ScriptableObject.CreateInstance<BranchSettings>();
            AssetDatabase.CreateAsset(settings, AssetDatabase.GenerateUniqueAssetPath(DefaultPath));
            AssetDatabase.SaveAssets();
            return settings;
        }
    }
}
