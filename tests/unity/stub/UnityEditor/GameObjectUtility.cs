// As UnityCsReference has it: Editor/Mono/GameObjectUtility.bindings.cs, Unity 6000.5.0a5.
using UnityEngine;

namespace UnityEditor
{
    public sealed partial class GameObjectUtility
    {
        public static void SetParentAndAlign(GameObject child, GameObject parent)
        {
            if (parent == null) return;
            child.transform.SetParent(parent.transform, false);
            child.transform.localPosition = Vector3.zero;
            child.transform.localRotation = Quaternion.identity;
            child.transform.localScale = Vector3.one;
            SetLayer(child, parent.layer);
        }

        private static void SetLayer(GameObject gameObject, int layer)
        {
            gameObject.layer = layer;
            foreach (Transform child in gameObject.transform) SetLayer(child.gameObject, layer);
        }
    }
}
