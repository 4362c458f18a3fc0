namespace UnityEngine.SceneManagement
{
    public struct Scene
    {
        internal bool isLoaded;

        public bool IsValid() { return isLoaded; }
    }
}
